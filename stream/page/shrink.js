/** Makes photos smaller before they are sent: the server opens no more than this. */

const MOST_BYTES = 10 * 1024 * 1024;
const MOST_SIDE = 4096;
const SENT_SIDE = 2048; // what the server would reduce it to
const QUALITY = 0.92;

/** The file as it is, or a smaller picture of it, upright. */
export async function shrunk(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return file; // damaged, or too large for this browser: the server says what to do
  }
  try {
    const longest = Math.max(picture.width, picture.height);
    if (file.size <= MOST_BYTES && longest <= MOST_SIDE) return file;
    const scale = Math.min(1, SENT_SIDE / longest);
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    // A cut-out keeps its transparency; a browser that cannot write WebP gives PNG.
    const kind = file.type === "image/jpeg" ? file.type : "image/webp";
    const content = await new Promise((resolve) => canvas.toBlob(resolve, kind, QUALITY));
    return content ? new File([content], file.name, { type: content.type }) : file;
  } finally {
    picture.close();
  }
}
