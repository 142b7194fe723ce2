// Follows the theme of Airflow's page around this one, else what was chosen there before, else the system's.
(() => {
  const here = document.documentElement;
  const around = () => {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null;
    }
  };
  const chosen = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const follow = () => {
    const above = around();
    const theme = ["dark", "light"].find((name) => (above ? above.classList.contains(name) : chosen() === name));
    if (theme) here.dataset.theme = theme;
    else delete here.dataset.theme;
  };
  follow();
  const above = around();
  if (above) new MutationObserver(follow).observe(above, { attributes: true, attributeFilter: ["class"] });
})();
