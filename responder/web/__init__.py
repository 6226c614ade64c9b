"""What every page needs: listener, guard, body limits, throttle, templates, assets."""
