// The name that the theme's scroll bars give to what they scroll, for whoever has the page read to him.
document.addEventListener("DOMContentLoaded", () => {
  if (window.SimpleBar) SimpleBar.defaultOptions.ariaLabel = "可滚动的内容";
});
