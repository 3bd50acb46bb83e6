// The desk of a figure whose thresholds are dragged: all that follows them follows in the browser; the server hears of
// it once, on release.

// Put a figure on its page; a component's script ends with it.
function begin({ data: [data], parentElement, setTriggerValue }, made) {
  const root = parentElement.querySelector(".figure");
  const desk = (root.desk ??= createDesk(root, made));
  desk.trigger = setTriggerValue;
  desk.send = (factors) => setTriggerValue("released", factors);
  desk.show(data);
  const resized = new ResizeObserver(() => desk.resize());
  resized.observe(root.querySelector(".panels"));
  return () => resized.disconnect();
}

// What is on the page and where its thresholds stand: `heard` is what the server said last, `awaited` what it was told.
// `made` is { panels(data), listen(panel, desk) }.
function createDesk(root, made) {
  const place = root.querySelector(".panels");
  let panels = [], frame = 0, timer = 0, before = null;
  let sent = "", later = null, heard = "", awaited = [];
  const desk = { factors: null, told: null, taken: "", by: null, send: null, show, resize, take, move, moveAndTell, tell, release, drop };
  for (const button of root.querySelectorAll("button[data-format]")) {
    button.onclick = () => save(button.dataset.format);
  }
  return desk;

  function show(data) {
    hear(data.factors);
    root.setAttribute("aria-label", data.alt);
    const { factors: _, alt: __, told, ...drawn } = data; // what is only said follows a threshold without a redraw
    desk.told = told ? { ...told, factors: data.factors } : null;
    const asked = JSON.stringify(drawn);
    if (asked === sent) return paint();
    // The line that a hand holds stays the element that it is.
    if (desk.taken) later = data;
    else rebuild(asked, data);
  }

  // Take over what somebody else has set. What the server says again, or says after us, is older than what is here.
  function hear(factors) {
    const said = JSON.stringify(factors);
    if (said === heard) return;
    const ours = awaited.indexOf(said);
    awaited.splice(0, ours < 0 ? awaited.length : ours + 1);
    heard = said;
    if (ours < 0 && !desk.taken && !timer) desk.factors = factors;
  }

  function rebuild(asked, data) {
    const focused = root.getRootNode().activeElement?.getAttribute("aria-label");
    sent = asked;
    desk.name = data.name;
    panels = made.panels(data);
    place.replaceChildren(...panels.map((one) => one.element));
    place.dataset.count = panels.length;
    desk.panels = panels;
    for (const one of panels) made.listen(one, desk);
    resize();
    if (focused) place.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  function resize() {
    for (const one of panels) one.layout();
    paint();
  }

  function paint() {
    frame = 0;
    for (const one of panels) one.paint(desk.factors);
  }

  function take(name, one) {
    before = desk.factors;
    [desk.taken, desk.by] = [name, one];
    root.classList.add("taken");
  }

  function move(factors) {
    desk.factors = factors;
    frame ||= requestAnimationFrame(paint);
  }

  function release() {
    if (!desk.taken) return;
    letGo();
    tell();
  }

  function drop() {
    if (!desk.taken) return;
    letGo();
    move(before);
  }

  function letGo() {
    [desk.taken, desk.by] = ["", null];
    root.classList.remove("taken");
    const data = later;
    later = null;
    if (data) show(data);
  }

  function moveAndTell(factors, wait = 0) {
    move(factors);
    clearTimeout(timer);
    timer = setTimeout(tell, wait);
  }

  // Once for each place where the thresholds come to rest.
  function tell() {
    clearTimeout(timer);
    timer = 0;
    const said = JSON.stringify(desk.factors);
    if (said === (awaited.at(-1) ?? heard)) return;
    awaited.push(said);
    desk.send({ ...desk.factors });
  }

  async function save(format) {
    const { svg, width, height, font } = pictureOf(root, panels);
    const scale = format === "png" ? 2 : 1;
    const content = await fileOf(svg, { format, width: width * scale, height: height * scale, font });
    download(content, `${desk.name}.${format}`);
  }
}
