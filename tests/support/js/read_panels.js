// What each panel of a lab shows: where every layer's points are on the screen, in the pixels of
// the picture below them. It is measured by the browser, not read from lab.js.
(root) => {
  const readPanel = (panel) => {
    const image = [...panel.querySelectorAll("img")].find((img) => !img.hidden);
    const box = image.getBoundingClientRect();
    const overlay = panel.querySelector("svg");
    const scale = overlay.viewBox.baseVal.width / box.width;
    const place = (node, x, y) => {
      const point = new DOMPoint(x, y).matrixTransform(node.getScreenCTM());
      return [(point.x - box.left) * scale, (point.y - box.top) * scale];
    };
    const points = (node) => {
      const pairs = node.getAttribute("d").matchAll(/(-?[\d.e-]+),(-?[\d.e-]+)/g);
      return [...pairs].map((pair) => place(node, +pair[1], +pair[2]));
    };
    const point = (node) => {
      const [x, y] = node.tagName === "text" ? ["x", "y"] : ["cx", "cy"];
      return [place(node, +node.getAttribute(x), +node.getAttribute(y))];
    };
    const nodes = [...overlay.firstChild.children].map((node) => ({
      kind: node.tagName,
      dots: node.getAttribute("stroke-linecap") === "round",
      hidden: getComputedStyle(node).display === "none",
      points: node.tagName === "path" ? points(node) : point(node),
      text: node.textContent,
    }));
    return { shown: image.complete && image.naturalWidth > 0, nodes };
  };
  return [...root.querySelectorAll(".gbl-panel")].map(readPanel);
}
