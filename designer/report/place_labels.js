// Places the labels of a plot so that none covers another label, a mark or the frame; a label without room is left out until
// the reader zooms in. The twin of labels.py, run at the size and zoom that the browser has at the moment.
// Arguments: figure, wanted (x, y, text, colour, style), placed, marks (sources with x and y), radius.
const timers = (globalThis.designerLabelTimers ??= new Map())
const schedule = () => {
  clearTimeout(timers.get(placed.id))
  timers.set(placed.id, setTimeout(place, 30))
}
if (!timers.has(placed.id)) {
  // On a touch screen a drag over the plot scrolls the page, until the reader chooses a tool.
  if (matchMedia("(pointer: coarse)").matches) figure.toolbar.active_drag = null
  // A range that follows the data tells of it by this signal alone.
  for (const range of [figure.x_range, figure.y_range]) range.change.connect(schedule)
}
schedule()

function place() {
  const width = figure.inner_width, height = figure.inner_height
  const {start: x0, end: x1} = figure.x_range, {start: y0, end: y1} = figure.y_range
  if (!(width > 0 && height > 0) || !(x1 > x0 && y1 > y0)) return
  const px = (x) => (x - x0) / (x1 - x0) * width, py = (y) => (y1 - y) / (y1 - y0) * height
  const inside = (x, y) => x >= 0 && x <= width && y >= 0 && y <= height
  const taken = []
  for (const source of marks) {
    const xs = source.data.x, ys = source.data.y
    for (let i = 0; i < xs.length; i++) {
      const x = px(xs[i]), y = py(ys[i])
      if (inside(x, y)) taken.push([x - radius, y - radius, x + radius, y + radius])
    }
  }
  const canvas = document.createElement("canvas").getContext("2d")
  const out = {x: [], y: [], dx: [], dy: [], text: [], colour: [], style: [], lx: [], ly: []}
  const data = wanted.data
  const directions = [[1, -1], [1, 1], [-1, -1], [-1, 1], [1, 0], [0, -1], [-1, 0], [0, 1]]
  const covers = (b) => taken.some((t) => !(t[2] <= b[0] || t[0] >= b[2] || t[3] <= b[1] || t[1] >= b[3]))
  for (let i = 0; i < data.x.length; i++) {
    const ax = px(data.x[i]), ay = py(data.y[i])
    if (!inside(ax, ay)) continue
    canvas.font = `${data.style[i]} 12px ${font}`
    const w = canvas.measureText(data.text[i]).width + 2, h = 13
    search: for (const away of [0, 6, 12, 22, 34, 48]) {
      for (const [sx, sy] of directions) {
        const rim = (sx && sy ? 0.7 : 1) * radius + 2 + away
        const cx = ax + sx * (w / 2 + rim), cy = ay + sy * (h / 2 + rim)
        const box = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
        if (box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height || covers(box)) continue
        taken.push(box)
        out.x.push(data.x[i]); out.y.push(data.y[i]); out.dx.push(cx - ax); out.dy.push(cy - ay)
        out.text.push(data.text[i]); out.colour.push(data.colour[i]); out.style.push(data.style[i])
        // A label that stands away gets a line to its mark.
        const far = away > 12
        out.lx.push(far ? x0 + (cx - sx * w / 2) / width * (x1 - x0) : data.x[i])
        out.ly.push(far ? y1 - (cy - sy * h / 2) / height * (y1 - y0) : data.y[i])
        break search
      }
    }
  }
  // A server need not hear of it: each browser has its own size.
  placed.setv({data: out}, {sync: false})
}
