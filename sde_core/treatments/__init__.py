"""What can be done to vectors after training: our transform and its rivals, fitted, compared, saved."""
