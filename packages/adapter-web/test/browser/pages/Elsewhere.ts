/** Where tabs go when they go somewhere else. */
document.title = 'elsewhere'
