"""The choice of what a report shows as evidence: which cases, which words of the documents."""
