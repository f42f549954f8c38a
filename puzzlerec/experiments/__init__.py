"""Systems against one another: trained equally, measured alike."""
