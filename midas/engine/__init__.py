"""The one path: `Engine.step(sequence, event) -> Audit`, pure and synchronous."""
