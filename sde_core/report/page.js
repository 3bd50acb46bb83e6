// The point nearest to the pointer says its numbers. Text only: nothing is parsed as markup.
(() => {
  const tip = document.getElementById("tip");
  let shown = null;
  const hide = () => { if (shown) shown.classList.remove("on"); shown = null; tip.style.opacity = 0; };
  const show = (mark) => {
    if (mark !== shown) {
      hide();
      shown = mark;
      mark.classList.add("on");
      tip.textContent = mark.dataset.tip;
    }
    const at = mark.getBoundingClientRect(), box = tip.getBoundingClientRect();
    const x = at.left + at.width / 2 - box.width / 2;
    const above = at.top - box.height - 10;
    tip.style.left = Math.max(6, Math.min(x, innerWidth - box.width - 6)) + "px";
    tip.style.top = (above > 6 ? above : at.bottom + 10) + "px";
    tip.style.opacity = 1;
  };
  for (const svg of document.querySelectorAll("figure svg")) {
    const marks = [...svg.querySelectorAll("[data-tip]")];
    if (!marks.length) continue;
    svg.addEventListener("pointermove", (event) => {
      const bar = event.target.closest("rect[data-tip]");
      if (bar) return show(bar);
      let best = null, least = 40 * 40;
      for (const mark of marks) {
        const box = mark.getBoundingClientRect();
        const dx = box.left + box.width / 2 - event.clientX, dy = box.top + box.height / 2 - event.clientY;
        const apart = dx * dx + dy * dy;
        if (apart < least) { least = apart; best = mark; }
      }
      if (best) show(best); else hide();
    });
    svg.addEventListener("pointerleave", hide);
    // By keyboard: the arrows walk along the marks.
    svg.tabIndex = 0;
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) { if (event.key === "Escape") hide(); return; }
      event.preventDefault();
      const at = marks.indexOf(shown);
      show(marks[at < 0 ? 0 : (at + step + marks.length) % marks.length]);
    });
    svg.addEventListener("blur", hide);
  }
  addEventListener("scroll", hide, { passive: true });
})();
