"""Our own small server: reference images for providers, webhooks from them."""
