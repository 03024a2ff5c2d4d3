// What the theme leaves to do for readers without a mouse or a screen.
document.addEventListener("DOMContentLoaded", () => {
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.setAttribute("aria-level", "2");
  for (const code of document.querySelectorAll("pre, div.math, .table-wrapper")) code.tabIndex = 0;
  const chinese = document.documentElement.lang.startsWith("zh");
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", chinese ? "全部页面" : "All pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", chinese ? "本页内容" : "On this page");
});
