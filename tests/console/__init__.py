"""The console in a browser, on a company that is open for business."""
