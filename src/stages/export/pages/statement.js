document.documentElement.classList.add("js");
const lines = Array.from(document.querySelectorAll("details.line"));
const box = document.getElementById("find");
const count = document.getElementById("found");
const look = () => {
  const wanted = box.value.trim().toLowerCase();
  let shown = 0;
  for (const line of lines) {
    line.hidden = wanted !== "" ? !line.textContent.toLowerCase().includes(wanted) : false;
    shown += line.hidden ? 0 : 1;
  }
  count.textContent = shown + " of " + lines.length + " lines";
};
if (box) {
  box.addEventListener("input", look);
  look();
  document.getElementById("open").addEventListener("click", () => lines.forEach((line) => { line.open = true; }));
  document.getElementById("shut").addEventListener("click", () => lines.forEach((line) => { line.open = false; }));
}
const follow = () => {
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (wanted?.tagName === "DETAILS") { wanted.open = true; wanted.scrollIntoView(); }
};
addEventListener("hashchange", follow);
follow();
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
