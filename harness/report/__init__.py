"""Verdicts and estimates to pages: one function per format, all drawn from one `Report`.

To add one, decorate it with `harness.report.formats.format.report_format` in a module of this
package.
"""
