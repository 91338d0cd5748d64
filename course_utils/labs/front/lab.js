// The lab's front end: it shows the frame of the current position. It knows sliders, pictures, and
// polylines, dots and short texts in a picture's own pixels, and nothing of what they mean: the
// kernel prepares all of it, for every position. It runs as an anywidget, and without a kernel in
// the page that Lab.save_html writes.

const SVG = "http://www.w3.org/2000/svg";
const PER_PIXEL = 10; // coordinates come as whole tenths of a pixel
// Or JupyterLab takes the keys from what has the focus.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

function make(tag, attributes = {}, ...children) {
  const drawn = ["svg", "path", "circle", "text"].includes(tag);
  const node = drawn ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// --- Sliders -------------------------------------------------------------------------------------

// Where position `at` of `count` lies on the track: a thumb's centre keeps half its width from
// either end.
const along = (at, count) =>
  `calc(var(--thumb) / 2 + (100% - var(--thumb)) * ${count > 1 ? at / (count - 1) : 0})`;

function makeScale(scale) {
  const count = scale.labels.length;
  // Bands, and marks where they meet, tell what a question may ask for.
  const tells = scale.bands.length ? " gbl-tells" : "";
  const node = make("div", { class: `gbl-scale${tells}`, "aria-hidden": "true" });
  for (const band of scale.bands) {
    const box = make("span", { class: `gbl-band gbl-${band.look}` }, make("span", {}, band.name));
    box.style.left = band.from < 0.5 ? "0%" : along(band.from, count);
    box.style.right = band.to > count - 1.5 ? "0%" : `calc(100% - ${along(band.to, count)})`;
    node.append(box);
  }
  for (const mark of scale.marks) {
    const part = mark.at / (count - 1),
      end = part < 0.06 ? " gbl-first" : part > 0.92 ? " gbl-last" : "";
    const line = make("span", { class: `gbl-mark${end}` }, make("span", {}, mark.name));
    line.style.left = along(mark.at, count);
    node.append(line);
  }
  return node;
}

function makeSlider(slider, onInput) {
  const value = make("span", { class: "gbl-value" }),
    says = make("span", { class: "gbl-regime" });
  const count = slider.scales[0].labels.length;
  const input = make("input", {
    type: "range",
    min: 0,
    max: count - 1,
    step: 1,
    "aria-label": slider.name,
    ...OWN_KEYS,
  });
  const scales = slider.scales.map(makeScale);
  const node = make(
    "div",
    { class: count < 4 ? "gbl-slider gbl-short" : "gbl-slider" },
    make("div", { class: "gbl-name", "aria-hidden": "true" }, `${slider.name} `, value, says),
    make("div", { class: "gbl-track" }, ...scales, input),
  );
  input.addEventListener("input", () => onInput(Number(input.value)));
  const show = (at, version, regime) => {
    const label = slider.scales[version % scales.length].labels[at];
    if (input.value !== String(at)) input.value = at;
    value.textContent = label;
    says.textContent = regime ?? "";
    input.setAttribute("aria-valuetext", `${slider.name} ${label}${regime ? `, ${regime}` : ""}`);
    scales.forEach((scale, n) => {
      scale.hidden = n !== version % scales.length;
    });
  };
  return { node, show };
}

// --- Check boxes: each shows and hides a group of layers -----------------------------------------

function makeToggle(group, onChange) {
  const box = make("input", { type: "checkbox", "aria-label": group.group, ...OWN_KEYS });
  const line = make("path", {
    d: "M1 6H31",
    "stroke-width": Math.max(2, group.line),
    "stroke-dasharray": group.dash,
  });
  const note = make("span", { class: "gbl-note" });
  const node = make(
    "label",
    { class: "gbl-toggle" },
    box,
    make("svg", { viewBox: "0 0 32 12", "aria-hidden": "true" }, line),
    `${group.group} `,
    note,
  );
  box.addEventListener("change", () => onChange(box.checked));
  const show = (shown, said) => {
    box.checked = shown;
    note.textContent = said ?? "";
    box.setAttribute("aria-description", said ?? "");
  };
  const paint = (dark) => line.setAttribute("stroke", dark(group.colour));
  return { node, show, paint };
}

// --- Panels --------------------------------------------------------------------------------------

function makeLayer(layer) {
  const stroke = (width, extra = {}) =>
    make("path", { fill: "none", "stroke-width": width, ...extra });
  const line =
    layer.line &&
    stroke(layer.line, { "stroke-dasharray": layer.dash, "stroke-linejoin": "round" });
  const dots =
    layer.dots &&
    stroke(2 * layer.dots, { "stroke-linecap": "round", class: line ? "gbl-dots" : "" });
  const head = layer.head && make("circle", { r: layer.head, class: "gbl-head" });
  const text = layer.anchor && make("text", { "text-anchor": layer.anchor });
  const nodes = [line, dots, head, text].filter(Boolean);
  const show = (points, label, step, hidden) => {
    nodes.forEach((node) => node.classList.toggle("gbl-off", hidden));
    const shown = layer.walk ? points.slice(0, step + 1) : points;
    line && line.setAttribute("d", shown.length > 1 ? `M${shown.join(" ")}` : "");
    // Round caps make a dot of no length.
    dots && dots.setAttribute("d", shown.map((point) => `M${point}h0`).join(""));
    const last = shown.at(-1);
    for (const [node, x, y] of [
      [head, "cx", "cy"],
      [text, "x", "y"],
    ]) {
      if (!node) continue;
      node.style.display = last ? "" : "none";
      last && last.forEach((value, n) => node.setAttribute(n ? y : x, value));
    }
    text && (text.textContent = label ?? "");
  };
  const paint = (dark) => {
    const colour = dark(layer.colour);
    line && line.setAttribute("stroke", colour);
    dots && dots.setAttribute("stroke", colour);
    [head, text].filter(Boolean).forEach((node) => node.setAttribute("fill", colour));
  };
  return { nodes, show, paint, group: layer.group };
}

function makePanel(panel) {
  const [width, height] = panel.size,
    [left, top, across, down] = panel.frame;
  const images = panel.pictures.map(() => make("img", { alt: panel.alt, draggable: "false" }));
  const layers = panel.layers.map(makeLayer);
  // The inner svg's own edge is the frame: what leaves the axes is not drawn.
  const frame = make("svg", {
    x: left,
    y: top,
    width: across,
    height: down,
    viewBox: panel.frame.join(" "),
  });
  frame.append(...layers.flatMap((layer) => layer.nodes));
  const overlay = make(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "gbl-moving", "aria-hidden": "true" },
    frame,
  );
  const node = make("div", { class: "gbl-panel" }, ...images, overlay);
  node.style.aspectRatio = `${width} / ${height}`;
  const show = (version) =>
    images.forEach((image, n) => {
      image.hidden = n !== version % images.length;
    });
  const paint = (dark) => {
    images.forEach((image, n) => {
      const picture = panel.pictures[n].replace(/#[0-9a-f]{6}/g, dark);
      image.src = `data:image/svg+xml,${encodeURIComponent(picture)}`;
    });
    layers.forEach((layer) => layer.paint(dark));
  };
  return { node, layers, show, paint };
}

// --- The whole -----------------------------------------------------------------------------------

function render({ model, el }) {
  const spec = model.get("spec");
  const counts = spec.sliders.map((slider) => slider.scales[0].labels.length);
  const choose = (n, at) => {
    model.set(
      "position",
      model.get("position").map((old, other) => (other === n ? at : old)),
    );
    model.save_changes();
  };
  const sliders = spec.sliders.map((slider, n) => makeSlider(slider, (at) => choose(n, at)));
  const names = spec.groups.map((group) => group.group);
  const toggles = spec.groups.map((group) =>
    makeToggle(group, (on) => {
      model.set(
        "shown",
        names.filter((name) => (name === group.group ? on : model.get("shown").includes(name))),
      );
      model.save_changes();
    }),
  );
  const panels = spec.panels.map(makePanel);
  const [play, reset, ask] = ["Play", "Reset", "Show the marks"].map((name) =>
    make("button", { type: "button", ...OWN_KEYS }, name),
  );
  // What would answer a question before it is guessed at: the first slider's marks and bands, the
  // regime's name, the panels that spec.asks counts. They wait until they are asked for.
  let marked = !spec.asks;
  const trouble = make("p", { class: "gbl-trouble", role: "status" });
  const walked = spec.steps ? ["step"] : []; // without a walk, no step is counted
  const facts = [...walked, ...spec.facts].map((name) => ({ name, value: make("dd") })),
    progress = make("progress", { max: 1, "aria-label": "positions ready" });
  const root = make(
    "div",
    { class: "gbl-lab", role: "group", "aria-label": spec.name },
    make("div", { class: "gbl-controls" }, ...sliders.map((slider) => slider.node)),
    make(
      "div",
      { class: "gbl-says" },
      play,
      reset,
      ...(spec.asks ? [ask] : []),
      make(
        "dl",
        {},
        ...facts.map(({ name, value }) => make("div", {}, make("dt", {}, name), value)),
      ),
    ),
    progress,
    trouble,
    ...(toggles.length
      ? [
          make(
            "div",
            { class: "gbl-toggles", role: "group", "aria-label": "shown" },
            ...toggles.map((toggle) => toggle.node),
          ),
        ]
      : []),
    make("div", { class: "gbl-panels" }, ...panels.map((panel) => panel.node)),
  );

  // The last slider's places follow each other, then those of the one before it.
  const numberOf = (position) => position.reduce((number, at, n) => number * counts[n] + at, 0);

  let points; // of all positions, x and y in turn; a frame says where its own begin

  function show() {
    const position = model.get("position"),
      step = model.get("step"),
      shown = model.get("shown"),
      version = position[1] ?? 0;
    const frame = model.get("frames")[numberOf(position)];
    sliders.forEach((slider, n) =>
      slider.show(position[n], n === 0 ? version : 0, n === 0 && marked ? frame?.name : ""),
    );
    toggles.forEach((toggle, n) => toggle.show(shown.includes(names[n]), frame?.notes[names[n]]));
    let at = frame?.at ?? 0,
      layerNumber = 0;
    for (const panel of panels) {
      panel.show(version);
      for (const layer of panel.layers) {
        const own = [];
        for (let left = frame?.counts[layerNumber] ?? 0; left > 0; left -= 1, at += 2) {
          own.push([points[at] / PER_PIXEL, points[at + 1] / PER_PIXEL]);
        }
        layer.show(
          own,
          frame?.labels[layerNumber],
          step,
          layer.group !== "" && !shown.includes(layer.group),
        );
        layerNumber += 1;
      }
    }
    const counted = walked.map(() => `${step} of ${spec.steps}`);
    [...counted, ...(frame?.facts ?? [])].forEach((said, n) => {
      facts[n].value.textContent = said;
    });
    trouble.textContent = frame ? frame.trouble : "This position is not computed yet.";
  }

  function showMarks(on) {
    marked = on;
    root.classList.toggle("gbl-unmarked", !on);
    for (const n of spec.asks ?? []) panels[n].node.style.visibility = on ? "" : "hidden";
    ask.textContent = on ? "Hide the marks" : "Show the marks";
  }

  function showNew() {
    const view = model.get("points"),
      frames = model.get("frames");
    progress.value = frames.filter(Boolean).length / frames.length;
    progress.hidden = progress.value === 1;
    points = new Int16Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
    show();
  }

  let timer = 0;
  function setPlaying(on) {
    clearInterval(timer);
    timer = on ? setInterval(walk, Math.min(300, Math.max(16, 5000 / spec.steps))) : 0;
    play.textContent = on ? "Pause" : "Play";
    if (!on) model.save_changes(); // while it plays, the kernel is left in peace
  }
  function walk() {
    model.set("step", Math.min(model.get("step") + 1, spec.steps));
    if (model.get("step") === spec.steps) setPlaying(false);
  }
  play.addEventListener("click", () => {
    if (!timer && model.get("step") === spec.steps) model.set("step", 0);
    setPlaying(!timer);
  });
  ask.addEventListener("click", () => {
    showMarks(!marked);
    show();
  });
  reset.addEventListener("click", () => {
    model.set("position", spec.start);
    model.set("step", spec.steps);
    model.set("shown", spec.shown ?? names);
    setPlaying(false);
  });

  // The page's text is light exactly when its ground is dark; that holds in Jupyter, in other
  // notebooks, in a plain page.
  let painted;
  function paint() {
    const [r, g, b] = (root.isConnected && getComputedStyle(root).color.match(/[\d.]+/g)) || [];
    const isDark = Number(r) + Number(g) + Number(b) > 384;
    if (r === undefined || painted === isDark) return;
    painted = isDark;
    root.classList.toggle("gbl-dark", isDark);
    [...panels, ...toggles].forEach((part) =>
      part.paint((colour) => (isDark && spec.dark[colour]) || colour),
    );
  }
  const theme = new MutationObserver(paint),
    scheme = matchMedia("(prefers-color-scheme: dark)");
  // The colour is known only once the lab is on the page.
  const attached = new ResizeObserver(paint);
  const watch = {
    "change:position": show,
    "change:step": show,
    "change:shown": show,
    "change:frames": showNew,
  };

  el.append(root);
  theme.observe(document.body, { attributes: true });
  theme.observe(document.documentElement, { attributes: true });
  scheme.addEventListener("change", paint);
  attached.observe(root);
  Object.entries(watch).forEach(([event, react]) => model.on(event, react));
  showMarks(marked);
  showNew();
  play.hidden = !spec.steps;
  return () => {
    clearInterval(timer);
    theme.disconnect();
    attached.disconnect();
    scheme.removeEventListener("change", paint);
    Object.entries(watch).forEach(([event, react]) => model.off(event, react));
  };
}

export default { render };
