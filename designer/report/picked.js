// Shows the points that were tapped or clicked below the plot, each with its pSMILES to copy; arguments: source.
const panel = document.getElementById("picked")
const chosen = source.selected.indices
if (panel && chosen.length) {
  panel.replaceChildren(...chosen.slice(0, 12).map((index) => {
    const item = document.createElement("div")
    item.innerHTML = source.data.tip[index]
    const copy = document.createElement("button")
    copy.className = "copy"
    copy.dataset.text = source.data.psmiles[index]
    copy.textContent = "copy pSMILES"
    item.append(copy)
    return item
  }))
  panel.hidden = false
}
