"""The command `nas`: one small file per group of verbs."""
