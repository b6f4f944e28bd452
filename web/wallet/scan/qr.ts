// Reads QR codes where the browser cannot, loaded when it is needed.
import jsqr from "jsqr";

/** The text of the QR code in a picture; undefined if there is none. */
export function readQR({ data, width, height }: ImageData): string | undefined {
  return jsqr(data, width, height, { inversionAttempts: "dontInvert" })?.data || undefined;
}
