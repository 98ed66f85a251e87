"""Writes PDFs with a credential as fpdf2 and reportlab do: `pdf.py FOLDER ID SECRET`.

What is found is stated in tests/containers/pdf.rs.
"""

import os
import sys

import fpdf
import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

folder, key_id, secret = sys.argv[1:]
os.chdir(folder)
lines = ["The runbook, in difficult words", f"aws_access_key_id = {key_id}",
         f"aws_secret_access_key = {secret}", "Thank you."]
# It brings a font in TrueType.
font = os.path.join(os.path.dirname(reportlab.__file__), "fonts", "Vera.ttf")
pdfmetrics.registerFont(TTFont("Vera", font))


def reportlab_page(name, font_name="Helvetica", **more):
    page = canvas.Canvas(name, **more)
    page.setFont(font_name, 11)
    for number, line in enumerate(lines):
        page.drawString(40, 700 - 20 * number, line)
    page.save()


def fpdf2_page(name, font_file=None):
    page = fpdf.FPDF()
    page.add_page()
    if font_file:
        page.add_font("Vera", "", font_file)
    page.set_font("Vera" if font_file else "Helvetica", size=11)
    for line in lines:
        page.cell(0, 10, line, new_x="LMARGIN", new_y="NEXT")
    page.output(name)


reportlab_page("reportlab.pdf")
reportlab_page("reportlab-ttf.pdf", "Vera")
reportlab_page("reportlab-plain.pdf", pageCompression=0)
reportlab_page("reportlab-encrypted.pdf", encrypt="password")
fpdf2_page("fpdf2.pdf")
fpdf2_page("fpdf2-ttf.pdf", font)
