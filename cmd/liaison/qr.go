package main

import (
	"strings"

	"rsc.io/qr"
)

// quietZone is how many light modules a reader wants around the code.
const quietZone = 4

// drawQR draws text as a QR code, two rows of modules to a line. With color it
// is dark on light whatever the terminal's colors are; without, light modules
// are drawn in the terminal's own color, which is right on a dark terminal, and
// most readers also take the inverse.
func drawQR(text string, color bool) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		if color {
			b.WriteString("\x1b[38;5;16;48;5;231m")
		}
		for x := -quietZone; x < code.Size+quietZone; x++ {
			upper, lower := code.Black(x, y), code.Black(x, y+1)
			if !color {
				upper, lower = !upper, !lower
			}
			b.WriteString(halfBlock(upper, lower))
		}
		if color {
			b.WriteString("\x1b[0m")
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

func halfBlock(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}
