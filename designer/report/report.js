// Sort, search, copy and CSV of the report; without it the page shows everything, in the order of the evaluations.
document.documentElement.classList.add("js")

const table = document.getElementById("evaluations")
if (table) {
  const body = table.tBodies[0], rows = [...body.rows]
  const buttons = [...table.querySelectorAll("th button")]
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const head = button.closest("th"), column = head.cellIndex
      // Numbers start with the largest, texts with A; what is missing comes last either way.
      const before = head.getAttribute("aria-sort"), numeric = head.classList.contains("num")
      const down = before ? before === "ascending" : numeric && column > 0
      for (const other of buttons) other.closest("th").removeAttribute("aria-sort")
      head.setAttribute("aria-sort", down ? "descending" : "ascending")
      const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim()
      const sign = down ? -1 : 1
      rows.sort((a, b) => {
        const x = key(a), y = key(b)
        if (x === "" || y === "") return (x === "") - (y === "")
        return sign * (numeric ? x - y : x.localeCompare(y, "en", {numeric: true}))
      })
      body.append(...rows)
    })
  }
  const search = document.getElementById("search"), count = document.getElementById("count")
  const cards = [...document.querySelectorAll(".card")]
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
    const fits = (element) => words.every((word) => element.textContent.toLowerCase().includes(word))
    let shown = 0
    for (const row of rows) shown += !(row.hidden = !fits(row))
    for (const card of cards) card.hidden = !fits(card)
    count.textContent = words.length ? `${shown} of ${rows.length}` : ""
  })
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy")
  if (!button) return
  const text = button.dataset.text
  let done = true
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // Browsers that keep the clipboard from files on disk still copy a selection.
    const field = Object.assign(document.createElement("textarea"), {value: text})
    document.body.append(field)
    field.select()
    done = document.execCommand("copy")
    field.remove()
  }
  const name = button.textContent
  button.textContent = done ? "copied" : "not allowed"
  setTimeout(() => { button.textContent = name }, 1200)
})

document.getElementById("download")?.addEventListener("click", (event) => {
  const text = JSON.parse(document.getElementById("csv").textContent)
  // The mark tells spreadsheets that the text is UTF-8.
  const url = URL.createObjectURL(new Blob(["\ufeff", text], {type: "text/csv;charset=utf-8"}))
  Object.assign(document.createElement("a"), {href: url, download: event.currentTarget.dataset.name}).click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
})
