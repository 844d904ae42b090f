// Puts a made camera in the place of the browser's: it films the page's own code and face, as a
// camera would, with perspective, blur, noise and dim light, so many milliseconds late.
(() => {
  const [width, height] = [640, 480];
  window.filmedLateMs = 0;
  const scene = document.createElement("canvas");
  const late = document.createElement("canvas");
  [scene.width, scene.height] = [late.width, late.height] = [width, height];
  const pen = scene.getContext("2d", { alpha: false });
  const shown = late.getContext("2d", { alpha: false });
  const noise = document.createElement("canvas");
  [noise.width, noise.height] = [width, height];
  const speck = noise.getContext("2d");
  const dots = speck.createImageData(width, height);
  for (let at = 0; at < dots.data.length; at += 4) {
    dots.data.set([255 * (Math.random() < 0.5), 0, 0, 24], at);
    dots.data[at + 1] = dots.data[at + 2] = dots.data[at];
  }
  speck.putImageData(dots, 0, 0);
  const film = () => {
    const [code, face] = ["code", "face"].map((id) => document.getElementById(id));
    if (!code || document.body.dataset.stage !== "during") return;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = "#666";
    pen.fillRect(0, 0, width, height);
    pen.filter = "blur(1px) brightness(0.75)";
    pen.setTransform(0.97, 0.09, -0.06, 0.92, 30, 20);
    pen.drawImage(code, 10, 60, 400, 240);
    pen.drawImage(face, 390, 60, 230, 230);
    pen.filter = "none";
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(noise, -Math.random() * 40, -Math.random() * 40, width + 40, height + 40);
    createImageBitmap(scene).then((picture) => setTimeout(() => show(picture), window.filmedLateMs));
  };
  const show = (picture) => {
    shown.drawImage(picture, 0, 0);
    picture.close();
  };
  setInterval(film, 1000 / 30);
  navigator.mediaDevices.getUserMedia = async () => late.captureStream(30);
})();
