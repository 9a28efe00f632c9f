"""Search for settings: Optuna proposes them, ordinary runs try them."""
