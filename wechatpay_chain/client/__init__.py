"""The clients: the chain, the pipeline and the network, put together."""
