"""What judges derivations in the browser: ``judge`` and, for the markup, ``derivations``."""
