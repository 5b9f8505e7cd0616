/* Xinshu card: shows a credit card of a subject in a page of another system. No dependencies; copy it or load it from the
   platform (/static/embed/xinshu-card.js). The key of the interface never comes here: your own server asks the platform for
   a link (POST /api/v1/cards) and hands the answer on. See docs/embedding.md.

     const card = XinshuCard.show(document.querySelector("#credit"), {
       platform: "https://credit.example.org",               // where the website of the platform is
       link: () => fetch("/credit-link", {method: "POST"}).then((answer) => answer.json()),
       title: "信用卡片：示例纺织有限公司",                      // read out by screen readers
       minutes: 10,                                          // after these the card is taken away; 0: never
       onState: (state, detail) => {},                       // "shown", "waiting" (for an approval), "failed", "closed"
     });
     card.close();

   A link is good once and for five minutes, so it is asked for when the card is shown and never kept. */
"use strict";

const XinshuCard = (() => {
  const say = (place, words) => {
    const note = document.createElement("p");
    note.className = "xinshu-card-note";
    note.setAttribute("role", "status");
    note.textContent = words;
    place.replaceChildren(note);
  };

  const frameOf = (platform, path, title) => {
    const frame = document.createElement("iframe");
    frame.className = "xinshu-card";
    frame.title = title;
    frame.referrerPolicy = "origin"; // the platform asks which page frames it; the address of the page stays here
    frame.setAttribute("sandbox", ""); // the card has no script and leads nowhere
    frame.src = new URL(path, platform).href;
    return frame;
  };

  const show = (place, { platform, link, title = "信用卡片", minutes = 10, onState = () => {} }) => {
    let timer = 0;
    let open = true;
    const close = () => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      say(place, "信用卡片已收起，需要时重新查询");
      onState("closed", {});
    };
    const fail = (detail) => {
      say(place, detail.detail || "信用卡片暂时无法显示，请稍后重试");
      onState("failed", detail);
    };
    say(place, "正在查询…");
    Promise.resolve()
      .then(link)
      .then((told) => {
        if (!open) return;
        if (told.path) {
          place.replaceChildren(frameOf(platform, told.path, title));
          if (minutes > 0) timer = setTimeout(close, minutes * 60000);
          onState("shown", { number: told.number });
        } else if (told.state === "waiting") {
          say(place, `查询 ${told.number} 待审核，通过后可查看`);
          onState("waiting", { number: told.number });
        } else {
          fail(told);
        }
      })
      .catch(() => fail({}));
    return { close };
  };

  return { show };
})();
