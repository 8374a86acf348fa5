"""The clients: chain, pipelines and network, put together."""
