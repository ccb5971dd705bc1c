"""The ways in: REST, the WebSocket API, market streams and the user stream."""
