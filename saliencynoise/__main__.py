"""`python -m saliencynoise`."""

from saliencynoise.cli import main

if __name__ == "__main__":
    main()
