"""Labelled boxes on pictures, whose words come from OCR or from the PDF: COCO, labelme, Pascal VOC, CVAT, VIA."""
