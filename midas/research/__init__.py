"""What is shown offline, on data whose truth is known: experiments with a goal, an oracle and a control."""
