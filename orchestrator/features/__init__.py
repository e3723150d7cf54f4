"""Log-mel features of all clips: sound files in, Parquet shards out. `pipeline` imports ray."""
