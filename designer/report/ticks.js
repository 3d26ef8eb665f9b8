// Texts of an axis' ticks: as many decimals as their spacing needs, the same for all; powers of ten for small and large numbers.
// Arguments of Bokeh's CustomJSTickFormatter: tick, ticks.
const largest = Math.max(...ticks.map(Math.abs))
const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : largest
if (tick === 0 || largest === 0) return "0"
const decimals = (number) => (String(Number(number.toPrecision(6))).split(".")[1] ?? "").length
if (largest >= 1e-3 && largest < 1e6 && step >= 1e-6) return tick.toFixed(decimals(step)).replace("-", "−")
const power = Math.floor(Math.log10(largest) + 1e-9), scale = 10 ** power
const raised = [...String(power)].map((digit) => digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")
return `${(tick / scale).toFixed(Math.min(6, decimals(step / scale))).replace("-", "−")}×10${raised}`
