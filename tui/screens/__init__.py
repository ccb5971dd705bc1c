"""The screens of the console, one file each, and its modal questions."""
