"""What must hold in every world that explore plays."""
