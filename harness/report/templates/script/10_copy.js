{
  const made = (block) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    block.prepend(button);
  };
  for (const block of document.querySelectorAll(".copy")) made(block);
  // One listener for all: what a script copies of the page has buttons, too, that work.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(".copy > button");
    if (!button) return;
    const code = button.parentElement.querySelector("code");
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected: press Ctrl+C";
    }
  });
}
