// In the head of every page, before Streamlit's own scripts.
(() => {
  // Streamlit's client would look for its server below the view's own path first, and write an error into the console.
  const VIEWS = /\/(data|spectrum|subspaces|curriculum|retrieval|training|compare|share)\/?$/;
  window.__streamlit ??= { BACKEND_BASE_URL: location.origin + location.pathname.replace(VIEWS, "/") };

  // Below 1,100 pixels the side panel begins folded; whoever unfolds it finds it so again.
  const FOLDED = "stSidebarCollapsed-", OURS = "sde-folded";
  try {
    const narrow = innerWidth < 1100, ours = localStorage.getItem(OURS);
    if (narrow && localStorage.getItem(FOLDED) === null) {
      localStorage.setItem(FOLDED, "true");
      localStorage.setItem(OURS, "1");
    } else if (!narrow && ours) {
      localStorage.removeItem(FOLDED);
      localStorage.removeItem(OURS);
    }
    // Where the panel will stand, its place is kept from the start: nothing moves when it comes.
    const isFolded = Object.keys(localStorage).some((key) => key.startsWith(FOLDED) && localStorage[key] === "true");
    document.documentElement.classList.toggle("sde-folded", isFolded);
  } catch {} // no storage in this browser: the panel is as Streamlit has it

  // The open tab of a strip that is wider than its place is scrolled into view, also where a link opens on it. That a
  // tab has opened is told by the animation that it then has, without motion (ui/page_style.py).
  addEventListener("animationstart", ({ animationName, target }) => {
    const strip = animationName === "sde-opened" && target.closest("[role=tablist]");
    if (!strip) return;
    const tab = target.getBoundingClientRect(), place = strip.getBoundingClientRect(), aside = 24;
    if (tab.right > place.right) strip.scrollLeft += tab.right - place.right + aside;
    else if (tab.left < place.left) strip.scrollLeft -= place.left - tab.left + aside;
  });

  // Parts of Streamlit's client that this view draws with, once the client itself stands: they are there when the
  // server's first words are. One that does not come is asked for again when it is needed.
  const parts = "EARLY PARTS";
  const draws = parts.views.includes(VIEWS.exec(location.pathname)?.[1] ?? "");
  addEventListener("DOMContentLoaded", () => {
    const idle = window.requestIdleCallback ?? setTimeout;
    idle(() => [...parts.everywhere, ...(draws ? parts.figures : [])].forEach((part) => import(part).catch(() => {})));
  });

  // Back and forward: the server is told that this address is meant, also where it is empty.
  const BACK = "back";
  addEventListener("popstate", () => {
    const marked = new URL(location.href);
    marked.searchParams.set(BACK, "1");
    replace(history.state, "", marked);
    setTimeout(() => {
      const now = new URL(location.href);
      now.searchParams.delete(BACK);
      replace(history.state, "", now);
    });
  });

  // A change of view is one step of the history: its address is empty first, and then says the state.
  const push = history.pushState.bind(history), replace = history.replaceState.bind(history);
  let isArriving = false;
  history.pushState = (state, title, url) => {
    const next = new URL(url ?? "", location.href);
    next.searchParams.delete(BACK);
    const isOther = next.pathname !== location.pathname;
    (isArriving && !isOther ? replace : push)(state, title, next);
    isArriving = isOther;
  };
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => (isArriving = false), true);
})();
