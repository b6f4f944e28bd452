import { encode } from "uqr";

const svg = "http://www.w3.org/2000/svg";
const quietZone = 4; // modules; scanners want no less

/** Draws the QR code of a text. The text is never sent anywhere for it. */
export function drawQR(text: string): SVGSVGElement {
  const { data } = encode(text, { ecc: "M", border: 0 });
  const size = data.length + 2 * quietZone;
  const image = document.createElementNS(svg, "svg");
  image.setAttribute("viewBox", `0 0 ${size} ${size}`);
  image.setAttribute("role", "img");
  image.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", outline(data));
  image.append(path);
  return image;
}

/** One path of horizontal runs: a tenth of the size of one square a module. */
export function outline(data: readonly (readonly boolean[])[]): string {
  let d = "";
  data.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const start = x;
      while (row[x + 1]) x++;
      d += `M${start + quietZone} ${y + quietZone}h${x + 1 - start}v1h-${x + 1 - start}z`;
    }
  });
  return d;
}
