/* Forms marked data-security-key ask the browser for the key ("get" or "create") and send what it answers. */
for (const form of document.querySelectorAll("form[data-security-key]")) {
  form.addEventListener("submit", async (event) => {
    const answer = form.elements.credential;
    if (answer.value) return;
    event.preventDefault();
    const options = JSON.parse(document.getElementById(form.dataset.options).textContent);
    try {
      answer.value = JSON.stringify(await window.webauthnJSON[form.dataset.securityKey](options));
    } catch {
      answer.value = "{}"; // told by the server in words
    }
    form.requestSubmit();
  });
}
