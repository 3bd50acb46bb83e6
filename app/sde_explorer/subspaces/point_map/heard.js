// What maps share: letting themselves be heard, and what comes as base64.

// As a figure of Plotly lets itself be heard.
function heard(root) {
  root.hearers = {};
  root.on = (name, hears) => (root.hearers[name] ??= []).push(hears);
  root.removeListener = (name, hears) => (root.hearers[name] = (root.hearers[name] ?? []).filter((one) => one !== hears));
}

function bytes(base64) {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}
