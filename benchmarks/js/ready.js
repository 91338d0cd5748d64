// The milliseconds from Shift + Enter until a cell's output is whole: its pictures are loaded, and
// a lab has all its positions.
async (root) => {
  const whole = () => {
    const lab = root.querySelector(".gbl-lab"), images = [...root.querySelectorAll("img")];
    const ready = !lab || lab.querySelector("progress").hidden;
    return images.length && images.every((image) => image.complete) && ready;
  };
  while (!whole()) await new Promise(requestAnimationFrame);
  return performance.now() - window.started;
}
