"""Studies → evaluated candidates: proposals, screening by cost, evaluation, recording."""
