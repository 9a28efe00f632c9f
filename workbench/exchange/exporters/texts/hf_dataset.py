"""A folder for `datasets.load_from_disk` with a text a row: a DatasetDict where the documents are of several splits.

Holds and cannot hold what `texts.parquet` says.
"""

from workbench.exchange.exporters.hf_dataset import HFDatasetExporter
from workbench.exchange.exporters.texts.parquet import write_rows

EXPORTER = HFDatasetExporter("texts-hf-dataset", write_rows)
