"""What the Doctor looks at and finds where a run tells what whole documents are."""
