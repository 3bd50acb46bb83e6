// The bar of energy under a spectrum: count and share of each band.
// Stands before the script of a component that moves its bands.

// Elements of a bar; `tell` fills them with what `bandsOf` returned.
function bandBar(document) {
  const bar = document.createElement("div");
  bar.className = "sde-band-bar";
  bar.setAttribute("role", "img");
  bar.innerHTML = '<div class="bar"></div><div class="numbers"></div>';
  const [energies, numbers] = bar.children;
  const parts = ["strong", "weak", "noise"].map((band) => {
    const piece = document.createElement("i"), words = document.createElement("span"), count = document.createElement("b");
    piece.className = words.className = band;
    const rest = document.createTextNode("");
    words.append(count, rest);
    energies.append(piece);
    numbers.append(words);
    return { band, piece, count, rest };
  });
  const tell = (bands) => {
    for (const { band, piece, count, rest } of parts) {
      const found = bands[band];
      piece.style.flexGrow = found.share.toFixed(5);
      piece.style.display = found.count ? "" : "none";
      count.textContent = found.count.toLocaleString("en");
      rest.textContent = ` ${band} · ${percent(found.share)}`;
    }
    bar.setAttribute("aria-label", spokenBands(bands));
  };
  return { bar, tell };
}

function spokenBands(bands) {
  return ["strong", "weak", "noise"]
    .map((band) => `${bands[band].count.toLocaleString("en")} ${band}, ${percent(bands[band].share)} of the energy`)
    .join("; ");
}

function percent(share) {
  return share > 0 && share < 0.0005 ? "<\u00a00.1\u00a0%" : `${(100 * share).toFixed(1)}\u00a0%`;
}
