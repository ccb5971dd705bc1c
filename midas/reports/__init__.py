"""What a back-test leaves behind: its tear sheet, the folder that keeps it, and the words that tell it."""
