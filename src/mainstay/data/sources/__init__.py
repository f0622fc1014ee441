"""One small file per kind of source: each makes a `Stream` of batches; `mainstay.data.source` chooses."""
