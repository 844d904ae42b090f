/** Bringing the user a file. */

import { build } from "/assets/dom.js";

const READ_WITHIN_MS = 60_000; // the browser has the blob by then

export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  build("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), READ_WITHIN_MS);
}
