"""The network: sending requests over aiohttp."""
