// The paths' ends that nothing lies on, well inside a panel: [x, y, [red, green, blue]] of each.
(panel) => {
  const box = panel.getBoundingClientRect();
  const overlay = panel.querySelector("svg").viewBox.baseVal;
  const view = panel.querySelector("svg svg").viewBox.baseVal;
  const scale = box.width / overlay.width;
  const left = box.left + view.x * scale, right = left + view.width * scale;
  const top = box.top + view.y * scale, bottom = top + view.height * scale;
  const isInside = (x, y) => x > left + 4 && x < right - 4 && y > top + 4 && y < bottom - 4;
  const readHead = (circle) => {
    const head = circle.getBoundingClientRect();
    const x = head.left + head.width / 2, y = head.top + head.height / 2;
    if (document.elementFromPoint(x, y) !== circle || !isInside(x, y)) return null;
    const colour = getComputedStyle(circle).fill.match(/\d+/g).map(Number);
    return [x - box.left, y - box.top, colour];
  };
  const heads = [...panel.querySelectorAll("circle")];
  return heads.filter((head) => head.style.display !== "none").map(readHead).filter(Boolean);
}
