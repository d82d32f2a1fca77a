# dead-end
