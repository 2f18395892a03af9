"use strict";
// Shows the newest pages: asks once a second which build is there, and loads it when it is another one.
(() => {
  let known = null;
  const ask = async () => {
    try {
      const answer = await fetch("/version", { cache: "no-store" });
      const version = await answer.text();
      if (answer.ok) {
        if (known !== null && known !== version) {
          location.reload();
        }
        known = version;
      }
    } catch {
      // The server was stopped; the page stays as it is.
    }
    setTimeout(ask, 1000);
  };
  ask();
})();
