// From now on, note where a lab's sliders stand and what they say each time one of them has moved.
(root) => {
  const sliders = [...root.querySelectorAll("input[type=range]")];
  window.heard = [];
  root.oninput = () => window.heard.push([
    sliders.map((slider) => Number(slider.value)),
    sliders.map((slider) => slider.getAttribute("aria-valuetext")),
  ]);
}
