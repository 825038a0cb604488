"""Pictures of a run, as values that a template draws in SVG: readable without a script.

The drawings are ours, and no library's. A page must be read without JavaScript, in print and
under `default-src 'none'`: uPlot (51 kB, MIT) paints a canvas with a script, Observable Plot (209
kB, and 280 kB of D3, ISC) needs a document to draw into, Bokeh's script (1.27 MB) calls `eval`,
and so does Vega's unless its interpreter is built in. Altair with vl-convert writes SVG ahead of
time, but adds a wheel of 34 MB to every installation, knows no scheme of light and dark, and has
neither the ticks of censoring nor a job's end between two polls. What is left to write is small:
stairs, bars and an axis, in percent of a picture, so that one drawing fits every width; the
script only reads values out.
"""
